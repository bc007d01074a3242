// Package guides holds the pages beside it to their word: what they show is compiled
// and run.
package guides
