package tsa

import "fmt"

// maxDepth is more than a token with its certificates is deep.
const maxDepth = 32

// strict reports why der is not one element of DER as far as its lengths go. Where lengths may be
// written longer one value has many forms.
func strict(der []byte, limit int) error {
	if len(der) > limit {
		return fmt.Errorf("%w: %d bytes, the limit is %d", ErrForm, len(der), limit)
	}
	rest, err := element(der, 0)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("%w: %d bytes after its end", ErrForm, len(rest))
	}
	return err
}

// element reads one element and returns what follows it.
func element(b []byte, depth int) ([]byte, error) {
	const constructed, long = 0x20, 0x80
	bad := func(what string) ([]byte, error) { return nil, fmt.Errorf("%w: not DER: %s", ErrForm, what) }
	switch {
	case depth > maxDepth:
		return bad("too deep")
	case len(b) < 2:
		return bad("it is cut off")
	case b[0]&0x1f == 0x1f:
		return bad("a tag that no token has")
	}
	first, size, rest := b[0], int(b[1]), b[2:]
	if size >= long {
		n := size - long
		if n < 1 || n > 3 || len(rest) < n {
			return bad("a length")
		}
		size = 0
		for _, c := range rest[:n] {
			size = size<<8 | int(c)
		}
		if size < long || n > 1 && size>>(8*(n-1)) == 0 {
			return bad("a length that could be shorter")
		}
		rest = rest[n:]
	}
	if len(rest) < size {
		return bad("it is cut off")
	}
	content, rest := rest[:size], rest[size:]
	if first&constructed == 0 {
		return rest, nil
	}
	for len(content) > 0 {
		var err error
		if content, err = element(content, depth+1); err != nil {
			return nil, err
		}
	}
	return rest, nil
}
