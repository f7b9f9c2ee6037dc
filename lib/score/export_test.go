package score

// EachAt is DSM.Each for a given noise.
var EachAt = DSM.each
