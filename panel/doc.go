// Package panel is what people and programs see of the controller: the pages, the API under /api/v1,
// the snapshots that a page is kept up to date with, and the live pictures.
//
// It promises that
//
//   - nobody acts without an identity, and no request of another site acts at all;
//   - every answer is whole: a page gets a full snapshot on every change and a heartbeat each second,
//     and says itself that it lost the controller when none came for three;
//   - a viewer never disturbs a recording: a viewer that is too slow loses pictures, nobody else does;
//   - everything a page needs is in this program: no other host is ever asked (Z36);
//   - there is no page, route, form or message for pausing, muting, trimming or deleting (Z24).
//
// What it shows it gets from the packages behind it through the interfaces in backend.go. The design
// page is docs/design/panel.md.
package panel
