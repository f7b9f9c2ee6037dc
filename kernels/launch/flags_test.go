package launch

import "flag"

// The sizes of the stress tests: small by default, in full by
//
//	go test ./kernels/launch -run 'Stress|Flood' -timeout 60m -v -args -interrupts 100 -kills 50 -flood 1000
var (
	interrupts = flag.Int("interrupts", 8, "interrupts of TestStressInterrupts")
	kills      = flag.Int("kills", 4, "kernels that TestStressKills kills")
	flood      = flag.String("flood", "64", "megabytes that the cell of TestFloodIsCut prints")
)
