// Package look is how the pages that Seedbed writes look and behave: one style sheet,
// in the light and in the dark, on a phone and on paper, and one script, which filters
// and copies findings.
//
// A finding is an element with the class finding, and with data-rule, data-severity,
// data-object and data-table, by which it is filtered. A page is whole without the script.
package look

import _ "embed"

// CSS goes between <style> and </style>.
//
//go:embed page.css
var CSS string

// Script goes between <script> and </script>, at the end of the body. It asks for
// nothing over the network.
//
//go:embed page.js
var Script string
