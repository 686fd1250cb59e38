/** An `Account` without a server: everybody's password is "right". */

import { type Account, LogInError, type LogInProblem, type PersonLoggedIn } from "../../session/api";

export class FakeAccount implements Account {
  person: PersonLoggedIn | null = null;
  problem: LogInProblem = { kind: "wrong" };
  #listeners = new Set<() => void>();

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async logIn(user: string, password: string): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (password !== "right") throw new LogInError(this.problem);
    this.#set({ name: user });
  }

  async logOut(): Promise<void> {
    this.#set(null);
  }

  #set(person: PersonLoggedIn | null): void {
    this.person = person;
    for (const listener of this.#listeners) listener();
  }
}
