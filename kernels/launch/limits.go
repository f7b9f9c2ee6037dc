package launch

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// limits bound what one cell may use.
type limits struct {
	memory int64 // bytes that its processes may hold together; 0: no limit
	output int64 // bytes of text that it may print
}

// defaultOutput keeps a notebook readable: a screen holds some 10 kB.
const defaultOutput = 1 << 20

// limitsFromEnv reads the limits' variables.
func limitsFromEnv() (limits, error) {
	l := limits{memory: machineMemory() / 5 * 4, output: defaultOutput}
	for name, limit := range map[string]*int64{"GIBBS_MEMORY_LIMIT": &l.memory, "GIBBS_OUTPUT_LIMIT": &l.output} {
		text := os.Getenv(name)
		if text == "" {
			continue
		}
		n, err := parseBytes(text)
		if err != nil {
			return l, fmt.Errorf("launch: %s: %w", name, err)
		}
		*limit = n
	}
	return l, nil
}

var units = []struct {
	suffix string
	bytes  int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}, {"", 1}}

// parseBytes reads a size such as 2GiB, 512MiB or 1000000.
func parseBytes(text string) (int64, error) {
	for _, unit := range units {
		number, ok := strings.CutSuffix(text, unit.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if n *= float64(unit.bytes); err != nil || !(n >= 1 && n <= 1<<62) { // NaN is no size either
			break
		}
		return int64(n), nil
	}
	return 0, fmt.Errorf("%q is no size: write 2GiB, 512MiB or a number of bytes", text)
}

// formatBytes writes a size for people, to two decimals.
func formatBytes(n int64) string {
	for _, unit := range units[:3] {
		if n >= unit.bytes {
			hundredths := math.Round(100 * float64(n) / float64(unit.bytes))
			return strconv.FormatFloat(hundredths/100, 'f', -1, 64) + " " + unit.suffix
		}
	}
	return strconv.FormatInt(n, 10) + " B"
}

func goVersion() string { return strings.TrimPrefix(runtime.Version(), "go") }

func isIdle(m *message) bool {
	var content struct {
		State string `json:"execution_state"`
	}
	return json.Unmarshal(m.content, &content) == nil && content.State == "idle"
}
