package verify

import (
	"fmt"
	"maps"
	"slices"

	"roomrec/evidence/seal"
)

// attempts finds the seal among the attempts of the folder and returns what it holds. The first that is
// whole is the seal; without one, none of them is.
func (c *check) attempts() (note []byte, err error) {
	var numbers []int
	for path := range c.tree.files {
		if n, ok := seal.AttemptNumber(path); ok {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		name := seal.AttemptName(n)
		b, _, err := c.tree.readSmall(name, seal.MaxNote)
		if err != nil {
			if err := c.unreadable(name, err); err != nil {
				return nil, err
			}
			continue
		}
		c.meter.add(len(b))
		c.f.Bytes += int64(len(b))
		if !seal.Torn(b) {
			c.sealName = name
			return b, nil
		}
		c.tornSeals[name] = c.newTorn(b)
	}
	for _, name := range slices.Sorted(maps.Keys(c.tornSeals)) {
		c.finding(Finding{Verdict: Unsealed, File: name, Offset: c.tornSeals[name].size, What: fmt.Sprintf(
			"%d bytes that are no whole seal, and there is no other: it was not finished, or was cut off", c.tornSeals[name].size)})
	}
	if len(c.tornSeals) == 0 {
		c.finding(Finding{Verdict: Unsealed, What: "there is no " + seal.FileName})
	}
	if c.tree.after {
		c.finding(Finding{Verdict: Incomplete, File: seal.FileName, What: "what came after the seal is here, the seal is not"})
	}
	return nil, nil
}

// before checks the attempts before the seal: each is as the seal lists it, or a part of the seal itself,
// as on a copy that got it later.
func (c *check) before() {
	last, _ := seal.AttemptNumber(c.sealName)
	for n := 1; n < last; n++ {
		name := seal.AttemptName(n)
		torn, here := c.tornSeals[name]
		stated := c.files[name]
		switch {
		case !here && stated == nil:
			c.altered(c.sealName, "its name says that it follows %s, which is neither here nor listed", name)
		case !here, stated != nil && isTail(stated, &torn), stated == nil && torn.bytes != nil && seal.TornOf(torn.bytes, c.f.seal):
		case stated == nil:
			c.altered(name, "the seal does not list it: it was added")
		default:
			c.altered(name, "not the torn attempt of %d bytes that the seal lists", torn.size)
		}
	}
	for path := range c.files {
		if n, ok := seal.AttemptNumber(path); ok && n >= last {
			c.altered(c.sealName, "it lists %s as torn before it", path)
		}
	}
}

// tornSeal is an attempt that is not whole.
type tornSeal struct {
	size  int64 // in bytes; one larger than any seal is read no further
	sum   seal.Hash
	bytes []byte // nil where so many were torn that the bytes of all are no longer kept: it is then no part of the seal
}

// newTorn keeps what is needed of a torn attempt: of all together no more than one seal may take.
func (c *check) newTorn(b []byte) tornSeal {
	t := tornSeal{size: int64(len(b)), sum: seal.SHA256(b)}
	kept := len(b)
	for _, o := range c.tornSeals {
		kept += len(o.bytes)
	}
	if kept <= seal.MaxNote {
		t.bytes = append([]byte{}, b...)
	}
	return t
}

// isTail reports whether b is what the seal lists of a torn attempt on a volume: the empty one has nothing
// that could be listed.
func isTail(f *seal.File, b *tornSeal) bool {
	return b.size == 0 || slices.ContainsFunc(f.Abandoned, func(t seal.Tail) bool {
		return t.Size == b.size && t.SHA256 == b.sum
	})
}
