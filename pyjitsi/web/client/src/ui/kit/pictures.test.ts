import { expect, test } from "vitest";
import { mayShow, trustPictures } from "./pictures";

test("pictures are shown from the hosts that the server names", () => {
  expect(mayShow("https://id.example.org/a.png")).toBe(false);
  trustPictures(["id.example.org", "*.pictures.example", "127.0.0.1:8443"]);
  expect(mayShow("https://id.example.org/a.png")).toBe(true);
  expect(mayShow("https://a.pictures.example/a.png")).toBe(true);
  expect(mayShow("https://127.0.0.1:8443/a.png")).toBe(true);
  for (const other of [
    "http://id.example.org/a.png",
    "https://pictures.example/a",
    "https://id.example.org.evil/a",
    "a",
    "javascript:1",
  ])
    expect(mayShow(other)).toBe(false);
});
