package rtsp

import (
	"fmt"
	"strconv"
)

// h264Profile names a profile (H.264 annex A.2); flags is the byte of constraint_set flags.
func h264Profile(idc, flags byte) string {
	switch idc {
	case 66:
		if flags&0x40 != 0 {
			return "Constrained Baseline"
		}
		return "Baseline"
	case 77:
		return "Main"
	case 88:
		return "Extended"
	case 100:
		return "High"
	case 110:
		return "High 10"
	case 122:
		return "High 4:2:2"
	case 244:
		return "High 4:4:4 Predictive"
	}
	return fmt.Sprintf("profile %d", idc)
}

// h265Profile names a profile (H.265 annex A.3).
func h265Profile(idc int) string {
	switch idc {
	case 1:
		return "Main"
	case 2:
		return "Main 10"
	case 3:
		return "Main Still Picture"
	case 4:
		return "Range Extensions"
	}
	return fmt.Sprintf("profile %d", idc)
}

// levelText writes level_idc, which counts tenths in H.264 and thirtieths in H.265.
func levelText(idc, per int) string {
	return strconv.FormatFloat(float64(idc)/float64(per), 'f', -1, 64)
}
