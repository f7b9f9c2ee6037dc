package main

import "github.com/spf13/cobra"

func kernelCmd() *cobra.Command { return &cobra.Command{Use: "kernel"} }
