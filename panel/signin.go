package panel

import "net/http"

type signIn struct{}

func (*signIn) lead(http.ResponseWriter, *http.Request) {}
