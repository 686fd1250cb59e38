import { expect, it } from "vitest";
import { fits, resultsOf } from "./poll";

const voter = (id: string) => ({ id, name: id.toUpperCase() });
const poll = {
  id: "p",
  question: "Lunch?",
  by: voter("a"),
  answers: [
    { name: "Soup", voters: [voter("a"), voter("b")] },
    { name: "Salad", voters: [voter("b"), voter("c")] },
    { name: "Nothing", voters: [] },
  ],
};

it("shares are of the people who answered, who may have chosen several", () => {
  const { people, results } = resultsOf(poll, "c");
  expect(people).toBe(3);
  expect(results.map(({ votes, percent, mine }) => [votes, percent, mine])).toEqual([
    [2, 67, false],
    [2, 67, true],
    [0, 0, false],
  ]);
});

it("a poll that nobody answered has no shares", () => {
  const none = { ...poll, answers: poll.answers.map(({ name }) => ({ name, voters: [] })) };
  expect(resultsOf(none, null)).toMatchObject({ people: 0, results: [{ percent: 0 }, { percent: 0 }, { percent: 0 }] });
});

it("what the server would refuse as too long does not fit, counted in bytes", () => {
  expect(fits("Lunch?", ["Yes", "No"])).toBe(true);
  expect(fits("a".repeat(400), Array(3).fill("b".repeat(120)))).toBe(true);
  expect(fits("ã".repeat(400), Array(3).fill("b".repeat(120)))).toBe(false);
});
