package posteriordb_test

import (
	"fmt"

	"gibbs/lib/posterior/posteriordb"
)

// ExampleAll lists the posteriors, with the numbers whose moments are known and those
// that a sampler sees.
func ExampleAll() {
	for _, p := range posteriordb.All() {
		fmt.Println(p.Name, len(p.Reference), p.Model.Dim())
	}
	// Output:
	// eight_schools-eight_schools_noncentered 10 10
	// arK-arK 7 7
	// low_dim_gauss_mix-low_dim_gauss_mix 5 5
	// kilpisjarvi_mod-kilpisjarvi 3 3
	// earnings-earn_height 3 3
	// sblri-blr 6 6
	// gp_pois_regr-gp_regr 3 3
}
