import { afterEach, describe, expect, it, vi } from "vitest";
import { listDevices, mediaErrorCode, openCamera, openMicrophone } from "./devices";

const track = { kind: "video" };
const refuse = (name: string) => () => Promise.reject(new DOMException("no", name));

function browser(getUserMedia: (constraints: MediaStreamConstraints) => Promise<unknown>): void {
  vi.stubGlobal("navigator", { mediaDevices: { getUserMedia } });
}

afterEach(() => vi.unstubAllGlobals());

describe("openCamera and openMicrophone", () => {
  it.each([
    ["NotAllowedError", "camera-refused", "microphone-refused"],
    ["NotFoundError", "camera-missing", "microphone-missing"],
    ["NotReadableError", "camera-busy", "microphone-missing"],
    ["TypeError", "unknown", "unknown"],
  ])("turn %s into words' codes", async (name, cameraCode, microphoneCode) => {
    browser(refuse(name));
    await expect(openCamera()).rejects.toMatchObject({ code: cameraCode });
    await expect(openMicrophone()).rejects.toMatchObject({ code: microphoneCode });
    expect(mediaErrorCode("camera", name)).toBe(cameraCode);
  });

  it("say that a plain-HTTP page gets no camera", async () => {
    vi.stubGlobal("navigator", {});
    vi.stubGlobal("isSecureContext", false);
    await expect(openCamera()).rejects.toMatchObject({ code: "insecure-origin" });
    expect(await listDevices()).toEqual({ cameras: [], microphones: [], speakers: [] });
  });

  it("take another device where the chosen one is gone", async () => {
    const asked: (string | undefined)[] = [];
    browser((constraints) => {
      const { deviceId } = constraints.video as { deviceId?: { exact: string } };
      asked.push(deviceId?.exact);
      return deviceId ? refuse("OverconstrainedError")() : Promise.resolve({ getTracks: () => [track] });
    });
    expect(await openCamera("gone")).toBe(track);
    expect(asked).toEqual(["gone", undefined]);
  });
});
