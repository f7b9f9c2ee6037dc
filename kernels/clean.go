package main

import "github.com/spf13/cobra"

func cleanCmd() *cobra.Command { return &cobra.Command{Use: "clean"} }
