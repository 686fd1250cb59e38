/** Polls (4-services section 2.8). The server says who asked and who answered; it is told neither. */

import { buildEnvelope, type JsonMessage, record, text } from "./envelope";
import type { Poll, Voter } from "./rooms-api";

export function buildPoll(component: string, pollId: string, question: string, answers: readonly string[]): Element {
  const named = answers.map((name) => ({ name }));
  return buildEnvelope(component, "chat", { type: "polls", command: "new-poll", pollId, question, answers: named });
}

/** Our answer: for each of the poll's, whether it is ours. */
export function buildVote(component: string, pollId: string, answers: readonly boolean[]): Element {
  return buildEnvelope(component, "chat", { type: "polls", command: "answer-poll", pollId, answers });
}

function list(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(record) : [];
}

function voterOf(each: Readonly<Record<string, unknown>>): Voter {
  return { id: text(each.id), name: text(each.name) };
}

function parsePoll(body: Readonly<Record<string, unknown>>): Poll | null {
  const id = text(body.pollId);
  const answers = list(body.answers).map(({ name, voters }) => ({
    name: text(name),
    voters: list(voters).map(voterOf),
  }));
  if (id === "" || answers.length < 2) return null;
  return { id, question: text(body.question), by: { id: text(body.senderId), name: text(body.senderName) }, answers };
}

export class Polls {
  #polls: readonly Poll[] = [];

  /** In the order in which they were asked. */
  get all(): readonly Poll[] {
    return this.#polls;
  }

  /** Takes over a message of the component; returns a poll that was asked just now. */
  receive(body: JsonMessage): Poll | null {
    if (body.command === "old-polls") {
      this.#polls = list(body.polls)
        .map(parsePoll)
        .filter((poll) => poll !== null);
      return null;
    }
    if (body.command === "answer-poll") {
      this.#vote(body);
      return null;
    }
    const poll = body.command === "new-poll" ? parsePoll(body) : null;
    if (poll === null || this.#polls.some(({ id }) => id === poll.id)) return null;
    this.#polls = [...this.#polls, poll];
    return poll;
  }

  #vote(body: JsonMessage): void {
    const voter = { id: text(body.senderId), name: text(body.senderName) };
    const given = Array.isArray(body.answers) ? body.answers : [];
    this.#polls = this.#polls.map((poll) => {
      if (poll.id !== body.pollId || given.length !== poll.answers.length) return poll;
      const answers = poll.answers.map(({ name, voters }, index) => {
        const others = voters.filter(({ id }) => id !== voter.id);
        return { name, voters: given[index] === true ? [...others, voter] : others };
      });
      return { ...poll, answers };
    });
  }
}
