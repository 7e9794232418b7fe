// Pages that only show: nothing on them moves but the clock.

import { ticking } from "./hands.js";

ticking();
