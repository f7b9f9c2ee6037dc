package main

import "github.com/spf13/cobra"

func lintCmd() *cobra.Command { return &cobra.Command{Use: "lint"} }
