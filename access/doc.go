// Package access says who may do what: the roles, the actions, and one table of the two. It also holds
// what a sign-in rests on: how passwords are kept, and how long one waits after a wrong one.
//
// It promises that what no row allows is refused: a role or an action that the table does not know may
// nothing. It asks no clock, opens no file and knows no request. The design page is docs/design/access.md.
package access
