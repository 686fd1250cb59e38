/** What there is to reckon about polls. */

import type { Poll } from "../../session/api";

export const MOST_ANSWERS = 10;
const LARGEST = 1024 - 120; // bytes that the server takes, less what goes around question and answers

/** Whether the server takes a poll: all of it as JSON. */
export function fits(question: string, answers: readonly string[]): boolean {
  const body = JSON.stringify({ question, answers: answers.map((name) => ({ name })) });
  return new TextEncoder().encode(body).length <= LARGEST;
}

export interface Result {
  readonly name: string;
  readonly votes: number;
  readonly percent: number; // of the people who answered
  readonly mine: boolean;
  readonly voters: readonly string[]; // names; "" of who has none
}

/** What came of a poll so far, and how many people answered. `me` is our participant id. */
export function resultsOf(poll: Poll, me: string | null): { readonly people: number; readonly results: Result[] } {
  const people = new Set(poll.answers.flatMap(({ voters }) => voters.map(({ id }) => id))).size;
  const results = poll.answers.map(({ name, voters }) => ({
    name,
    votes: voters.length,
    percent: people === 0 ? 0 : Math.round((100 * voters.length) / people),
    mine: voters.some(({ id }) => id === me),
    voters: voters.map((voter) => voter.name),
  }));
  return { people, results };
}
