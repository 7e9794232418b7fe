// Package house holds the rules that the whole tree keeps, as tests: who may import whom and why
// , that only clock reads the host's clock, that nothing on a recording's way
// can remove or shorten a file, that no name offers to pause or delete a recording, that the documents
// name only what is there, and that every duty of docs/requirements.md is linked to its proof. It has
// no code to import. The design page is docs/design/architecture.md.
package house
