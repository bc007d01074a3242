package catalog

// ParseACL is for the tests: roles with such names cannot be made on a shared server.
var ParseACL = parseACL
