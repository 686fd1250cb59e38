/** The log-in with an organisation's account, made readable from Svelte. */

import { createSubscriber } from "svelte/reactivity";
import type { LogInService, OrganisationError, OrganisationState } from "../../session/api";
import { loginError } from "../../session/organisation";

export class LiveOrganisation {
  /** Why the last log-in led back without one; forgotten with the next try. */
  error: OrganisationError | null = $state(null);
  readonly #subscribe: () => void;

  constructor(
    readonly core: LogInService,
    readonly store: Pick<Storage, "setItem"> | null,
  ) {
    this.#subscribe = createSubscriber((update) => core.subscribe(update));
    this.error = loginError(location.hash);
    if (this.error !== null) history.replaceState(null, "", location.pathname + location.search);
    this.error ??= core.problem;
    void core.look();
  }

  get state(): OrganisationState {
    this.#subscribe();
    return this.core.state;
  }

  /** Nobody is logged in, and nobody enters without. */
  get missing(): boolean {
    return this.state.known && this.state.required && this.state.user === null;
  }

  logIn(room: string | null): void {
    this.core.logIn(room, location.hash, this.store);
  }

  logOut(): void {
    this.core.logOut();
  }
}
