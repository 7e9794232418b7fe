// How an officer opens a session on a room's page and starts the interrogation.
import { inState, pressed, settled } from "./chromium.mjs";

// toPeople goes from the room's page, with nothing going on, to the last page of the form.
export async function toPeople(page, { category = "serious-danger" } = {}) {
  const tap = (id) => pressed(page, id);
  await inState(page, "Ready");
  await tap("lawyer-no");
  await tap("action-open");
  await settled(page);
  await page.getByTestId("f-case").fill("2026-0001");
  await page.getByTestId("f-person").fill("Suspect 1");
  await tap("f-kind-interrogation-suspect");
  if (await page.locator("#clock-reason").isVisible()) await page.getByTestId("f-clock-reason").fill("Demonstration");
  await tap("action-form-next-0");
  await tap(`f-category-${category}`);
  await tap("action-form-next-1");
  await settled(page);
  for (const f of await page.locator("[data-step=circumstances] input[value=no]").all()) await tap(await f.getAttribute("data-testid"));
  await tap("action-form-next-2");
  await settled(page);
  await tap("action-form-next-3");
  await settled(page);
}

// opened goes from the room's page, with nothing going on, to recorded questioning.
export async function opened(page, how) {
  const tap = (id) => pressed(page, id);
  await toPeople(page, how);
  await tap("f-wall-agrees");
  await page.getByTestId("f-roster-questioner").fill("0417");
  await page.getByTestId("f-roster-clerk").fill("0522");
  await tap("action-form-open");
  await inState(page, "Standby");
  await tap("action-start");
  await inState(page, "Questioning");
}
