package notebook

import (
	"encoding/json"
	"fmt"
)

// ClaimsType is the MIME type under which a lesson's truth table leaves its
// rows: claim.MIME.
const ClaimsType = "application/vnd.gibbs.claims+json"

// Claim is one row of a truth table. The numbers are as the lesson wrote them:
// JSON numbers, or strings such as "NaN" for what JSON cannot hold.
type Claim struct {
	Name      string `json:"name"`
	Measured  any    `json:"measured"`
	Exact     any    `json:"exact"`
	Tolerance any    `json:"tolerance"`
	Relation  string `json:"relation"` // how measured must stand to exact
	Held      bool   `json:"held"`
}

// Claims returns the rows of a cell's truth tables in order; none where it shows
// no table. It fails on a record that is not a list of claims.
func (c *Cell) Claims() ([]Claim, error) {
	var claims []Claim
	for _, output := range c.Outputs {
		value, ok := output.Data[ClaimsType]
		if !ok {
			continue
		}
		raw, err := json.Marshal(value)
		if text, ok := value.(string); ok { // a kernel may hand JSON over as text
			raw, err = []byte(text), nil
		}
		if err != nil {
			return nil, fmt.Errorf("notebook: claims: %w", err)
		}
		var rows []Claim
		if err := json.Unmarshal(raw, &rows); err != nil {
			return nil, fmt.Errorf("notebook: claims record: %w", err)
		}
		claims = append(claims, rows...)
	}
	return claims, nil
}

// Held counts the claims that held.
func Held(claims []Claim) int {
	n := 0
	for _, claim := range claims {
		if claim.Held {
			n++
		}
	}
	return n
}

// Claims returns the rows of all truth tables of the notebook. The error says
// why the notebook cannot pass: its last code cell shows no claims, a record
// cannot be read, or a claim was missed; the rows read so far come with it.
func (nb *Notebook) Claims() ([]Claim, error) {
	cells := nb.CodeCells()
	if len(cells) == 0 {
		return nil, &Failure{Reason: "the notebook has no code"}
	}
	var claims []Claim
	var failure error
	for i, cell := range cells {
		rows, err := cell.Claims()
		claims = append(claims, rows...)
		switch {
		case failure != nil:
		case err != nil:
			failure = &Failure{Cell: i + 1, Reason: err.Error()}
		case Held(rows) < len(rows):
			failure = &Failure{Cell: i + 1, Reason: "a claim was missed: " + missed(rows)}
		case i == len(cells)-1 && len(rows) == 0:
			failure = &Failure{Cell: i + 1, Reason: "the last code cell shows no truth table (claim.Table)"}
		}
	}
	return claims, failure
}

// missed names the first claim that did not hold.
func missed(claims []Claim) string {
	for _, c := range claims {
		if !c.Held {
			return fmt.Sprintf("%s: measured %v, exact %v, tolerance %v", c.Name, c.Measured, c.Exact, c.Tolerance)
		}
	}
	return ""
}
