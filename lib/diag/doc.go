// Package diag measures what a result is worth: chains of a sampler, samples of a
// model, densities on a grid, images. It works on the host, on slices.
//
//	chains   [RHat] [ESSBulk] [ESSTail] [MCSEMean] [AutocorrelationTime]
//	         [EBFMI] [ModeWeights] [Summarize]; all in words: [Traces.Report]
//	samplers [Calibrate] [JointTest]: is the code right?
//	weights  [ParetoK]
//	samples  [MMD] [EnergyDistance] [PermutationTest] [Power]
//	         [SlicedWasserstein] [Nearest]
//	grids    [KL] [FisherDivergence]
//	images   [PSNR] [SSIM]
//
// Chains are [chains][draws] of one number per draw; samples are [n][dim]. From
// the flat values of a tensor, [Chains] and [Rows] make them.
//
// What cannot be told is NaN, never a number that looks like a good one: the
// diagnostics of chains are NaN where a chain is constant or holds a NaN or an
// infinity, and where there are too few chains or draws. Misuse (lengths that
// differ, a probability outside (0, 1)) panics.
//
// Random directions and permutations come from a [rng.Host], which a call
// advances by one draw. Work that grows with the square of the sample runs on
// all cores; its result does not depend on their number.
package diag

// Estimate is a number with its standard error, in the same unit. An Error of
// NaN says that no error is available.
type Estimate struct {
	Value, Error float64
}
