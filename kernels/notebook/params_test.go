package notebook

import (
	"slices"
	"testing"
)

func TestParams(t *testing.T) {
	nb := &Notebook{Cells: []Cell{
		{Kind: Code, Source: "var steps = env.Param(\"steps\", env.Pick(1000, 250))\nvar seed = env.Param[int64](\n\t\"seed\", 42)"},
		{Kind: Markdown, Source: "`env.Param(\"text\", 1)` is not code"},
		{Kind: Code, Source: "n := env.Param(\"steps\", 3) + env.Params(\"no\") + myenv.Param(\"other\", 1)"},
	}}
	if got, want := nb.Params(), []string{"seed", "steps"}; !slices.Equal(got, want) {
		t.Errorf("Params() = %q, want %q", got, want)
	}
}
