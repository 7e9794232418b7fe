package testcard_test

import (
	"roomrec/rtsp/rtsptest"
	"roomrec/rtsp/rtsptest/testcard"
)

var (
	_ rtsptest.Source = (*testcard.Video)(nil)
	_ rtsptest.Source = (*testcard.Sound)(nil)
)
