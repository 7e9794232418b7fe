// Words of the page's language. A message is looked up by key; {name} is replaced by a value.

export const lang = document.documentElement.lang;

const answer = await fetch(`/assets/messages/${lang}.json`);
if (!answer.ok) throw new Error(`messages of ${lang}: ${answer.status}`);
const messages = await answer.json();

export function t(key, values = {}) {
  const m = messages[key];
  if (m === undefined) throw new Error(`no message ${key}`);
  return m.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export const has = (key) => messages[key] !== undefined;

// say picks the page's language out of a text that the controller sent.
export const say = (text) => (text ? text[lang] || text.en : "");
