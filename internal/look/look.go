// Package look is how the pages that Seedbed writes look: one style sheet, in the
// light and in the dark, on a phone and on paper.
package look

import _ "embed"

// CSS goes between <style> and </style>.
//
//go:embed page.css
var CSS string
