// Where the keyboard is when the page shows something else. What had the focus is gone then, and the next
// key would go nowhere: the head of what came takes the focus, so that it is seen and read out, and no key
// presses what nobody has looked at. A finger moves no focus.

let keys = false;
for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, () => { keys = kind === "keydown"; }, true);

// Tabindex -1 takes the focus when it is given and stands in nobody's way.
function land(node) {
  node.tabIndex = -1;
  node.focus();
}

// follow gives the focus to the first head in scope, if what had it has gone.
export function follow(scope) {
  const at = document.activeElement;
  if (!keys || (at && at !== document.body && at.checkVisibility())) return;
  const head = [...scope.querySelectorAll("h2, .script, .elapsed")].find((n) => n.checkVisibility());
  if (head) land(head);
}
