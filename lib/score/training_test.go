package score_test

import (
	"context"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"gibbs/lib/backend"
	"gibbs/lib/fit"
	"gibbs/lib/net"
	"gibbs/lib/prob"
	"gibbs/lib/rng"
	"gibbs/lib/score"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
)

// TestTraining trains the lecture's net, 2-64-64-2, 1000 steps of 128 fresh
// examples, by objectives that never see the score of p, and measures D_F(p‖net).
// The lecture's runs over three seeds: ISM 0.008 to 0.015, SSM 0.007 to 0.017, DSM
// at σ = ½ 0.048 to 0.063, since its goal is the score of q, 0.040 away. No score
// at all has 0.863.
func TestTraining(t *testing.T) {
	if testing.Short() || backend.MustOpen().Name() != "xla" {
		t.Skip("trains three nets: seconds on XLA, a minute without")
	}
	p := prob.TwoModes()
	mlp := net.MLP{Hidden: []int{64, 64}, Out: 2, Activation: activation.TypeTanh}
	for name, c := range map[string]struct {
		loss         objective
		above, below float64
	}{
		"ISM": {score.ISM{}.Loss, 0.002, 0.03},
		"SSM": {score.SSM{}.Loss, 0.002, 0.035},
		"DSM": {score.DSM{Sigma: 0.5, ControlVariate: true}.Loss, 0.03, 0.08},
	} {
		result, err := fit.Train(context.Background(), backend.MustOpen(), func(scope *model.Scope, s rng.State, _ []*Node) *Node {
			s, x := p.Sample(s, dtypes.Float32, 128)
			return c.loss(net.Bind(scope, mlp.Apply), s, x)
		}, fit.Config{Steps: 1000, Seed: 42})
		if err != nil {
			t.Fatal(err)
		}
		exec := model.MustNewExec(backend.MustOpen(), result.Store, func(scope *model.Scope, key *Node) *Node {
			_, x := p.Sample(rng.FromKey(key), dtypes.Float32, 50_000)
			return score.Fisher(p.Score, net.Bind(scope, mlp.Apply), x)
		})
		defer exec.Finalize()
		divergence, err := score.Mean(exec.MustCall1(rng.Key(3)))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: D_F(p‖net) = %v", name, divergence)
		if divergence.Mean < c.above || divergence.Mean > c.below {
			t.Errorf("%s: D_F(p‖net) = %v, want %g to %g", name, divergence, c.above, c.below)
		}
	}
}
