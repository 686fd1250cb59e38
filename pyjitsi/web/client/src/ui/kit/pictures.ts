/** Whose pictures of people are shown: a host of them learns who looks, so the server names those that may. */

let hosts: readonly string[] = [];

/** What config.js says; `*.example.org` stands for all below it. */
export function trustPictures(of: readonly string[]): void {
  hosts = of;
}

/** Whether a picture is shown. */
export function mayShow(picture: string): boolean {
  let url: URL;
  try {
    url = new URL(picture);
  } catch {
    return false;
  }
  if (url.protocol !== "https:") return false;
  return hosts.some((each) => each === url.host || (each.startsWith("*.") && url.host.endsWith(each.slice(1))));
}
