// Package docker holds the images of Gibbs and the tests that build and try them.
package docker
