/** The log-in as the pages show it: who is logged in, and what became of the last try. */

import { type Account, LogInError, type LogInProblem, type PersonLoggedIn } from "../../session/api";

export class LogIn {
  person: PersonLoggedIn | null = $state.raw(null);
  problem: LogInProblem | null = $state.raw(null);
  busy = $state(false);
  /** Whether the log-in page is open on top of another. */
  open = $state(false);

  constructor(
    private readonly account: Account,
    private readonly room: () => string,
  ) {
    this.person = account.person;
    account.subscribe(() => {
      this.person = account.person;
    });
  }

  show(): void {
    this.problem = null;
    this.open = true;
  }

  /** Tries a name and a password; true where that was one's own. */
  async try(user: string, password: string): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.problem = null;
    try {
      await this.account.logIn(user, password, this.room());
      this.open = false;
      return true;
    } catch (error) {
      this.problem = error instanceof LogInError ? error.problem : { kind: "unavailable" };
      return false;
    } finally {
      this.busy = false;
    }
  }

  out(): void {
    void this.account.logOut();
  }
}
