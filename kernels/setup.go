package main

import "github.com/spf13/cobra"

func setupCmd() *cobra.Command { return &cobra.Command{Use: "setup"} }
