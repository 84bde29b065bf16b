// What every page of the console has.

import { takeOverActions } from "./act.js";
import { showDrawer } from "./drawer.js";
import { showLinkState } from "./link-state.js";
import { live } from "./live.js";
import { makeMenusClose, offerBulk, offerChoices, offerCopy } from "./menus.js";
import { offerPalette } from "./palette.js";
import { refreshParts } from "./refresh.js";
import { countRunning } from "./running.js";
import { startTicking } from "./time.js";
import { toast } from "./toast.js";

startTicking();
makeMenusClose();
offerChoices();
offerCopy();
offerBulk();
offerPalette();
takeOverActions();
showLinkState();
countRunning();
showDrawer();
refreshParts();
live.on("error", (message) => {
  if (message.fatal) toast("bad", message.message, { text: "Log in", url: location.href });
});
live.start();
