import { connect } from "@bowline/client";

globalThis.bowlineSuite.client(globalThis.base, connect);
