/** What happened to us or to all, in words. */

import { t } from "../../i18n";
import type { Medium, News } from "../../session/api";

const MEDIUM = { audio: "Audio", video: "Video", desktop: "Desktop" } as const satisfies Record<Medium, string>;

/** The sentence for a piece of news; null where other places show it. */
export function tell(news: News): string | null {
  const by = "by" in news ? news.by || t("news.someone") : "";
  switch (news.kind) {
    case "muted":
      return t(`news.muted${MEDIUM[news.medium]}`, { by });
    case "allowed":
      return t(`news.allowed${MEDIUM[news.medium]}`);
    case "stopped":
      return t(`news.stopped${MEDIUM[news.medium]}`);
    case "asked":
      return t("news.asked", { by });
    case "moderated":
      return t("news.moderated");
    case "unmoderated":
      return t("news.unmoderated");
    case "hand-lowered":
      return t("news.handLowered", { by });
    case "promoted":
      return t("news.promoted");
    case "demoted":
      return t("news.demoted");
    case "knock":
      return t("news.knock", { name: news.name || t("common.nameless") });
    case "lobby-message":
      return t("news.wrote", { name: news.name || t("common.nameless"), text: news.text });
    case "admitted":
      return t("news.admitted", { by, name: news.name });
    case "refused":
      return t("news.refused", { by, name: news.name });
    case "lobby-on":
      return t("news.lobbyOn");
    case "lobby-off":
      return t("news.lobbyOff");
    case "chat-refused":
      return t("news.chatRefused");
    case "moved":
      return news.main ? t("news.movedBack") : t("news.moved", { room: news.room });
    case "move-refused":
      return t("news.moveRefused");
    case "service-refused":
      return t("news.serviceRefused");
    case "breakouts-ending":
      return t("news.breakoutsEnding", { count: Math.max(1, Math.round(news.seconds / 60)) });
    case "announcement":
      return news.by === "" ? news.text : t("news.announcement", { by: news.by, text: news.text });
    case "poll":
      return t("news.poll", { by, question: news.question });
    default:
      return null;
  }
}
