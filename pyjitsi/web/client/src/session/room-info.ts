/** What a room tells of itself (disco#info, 1-signalling section 3.9); read at the join and after each status 104. */

import { NS } from "./namespaces";
import { child, children, element, textOf } from "./xml";

export interface RoomInfo {
  readonly password: boolean;
  readonly membersOnly: boolean;
  readonly createdAt: number | null; // ms since the epoch
  readonly lobby: string | null;
  readonly breakout: boolean;
  readonly mainRoom: string | null;
}

export const NO_INFO: RoomInfo = {
  password: false,
  membersOnly: false,
  createdAt: null,
  lobby: null,
  breakout: false,
  mainRoom: null,
};

export function buildInfoRequest(room: string): Element {
  return element("iq", { xmlns: "jabber:client", type: "get", to: room }, element("query", { xmlns: NS.disco }));
}

export function parseInfo(query: Element | null): RoomInfo {
  const features = new Set(children(query, "feature").map((feature) => feature.getAttribute("var")));
  const fields = new Map(
    children(child(query, "x", NS.data), "field").map((field) => [
      field.getAttribute("var") ?? "",
      textOf(field, "value"),
    ]),
  );
  const created = Number(fields.get("muc#roominfo_created_timestamp"));
  return {
    password: features.has("muc_passwordprotected"),
    membersOnly: features.has("muc_membersonly"),
    createdAt: Number.isFinite(created) && created > 0 ? created : null,
    lobby: fields.get("muc#roominfo_lobbyroom") || null,
    breakout: Boolean(fields.get("muc#roominfo_isbreakout")),
    mainRoom: fields.get("muc#roominfo_breakout_main_room") || null,
  };
}
