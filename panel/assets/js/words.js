// Words of the page's language. A message is looked up by key; {name} is replaced by a value.

export const lang = document.documentElement.lang;

const messages = await load(`/assets/messages/${lang}.json`);

// load asks until there is an answer: the network may change in that moment, and without words no page begins.
async function load(path) {
  for (let wait = 500; ; wait = Math.min(2 * wait, 8000)) {
    try {
      const answer = await fetch(path);
      if (answer.ok) return await answer.json();
    } catch { /* it is asked again */ }
    await new Promise((done) => setTimeout(done, wait));
  }
}

export function t(key, values = {}) {
  const m = messages[key];
  if (m === undefined) throw new Error(`no message ${key}`);
  return m.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export const has = (key) => messages[key] !== undefined;

// say picks the page's language out of a text that the controller sent.
export const say = (text) => (text ? text[lang] || text.en : "");
