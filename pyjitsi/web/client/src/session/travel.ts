/** Going from room to room of a meeting: one after another, and of several wishes the last one counts. */

export interface TravelActions {
  /** The room that we are in, "" in none. */
  place(): string;
  /** Whether it still makes sense to go anywhere. */
  wanted(): boolean;
  /** Enters a room; false where it did not let us in. */
  enter(address: string): Promise<boolean>;
  arrived(address: string, refused: boolean): void;
}

export class Travel {
  #goal = "";
  #going = false;

  /** `home` is the address of the room that is always there. */
  constructor(
    private readonly home: () => string,
    private readonly actions: TravelActions,
  ) {}

  /** Where a room does not let us in, the way leads home. Where home does not either, `wanted` is false then. */
  async go(address: string): Promise<void> {
    this.#goal = address;
    if (this.#going) return;
    this.#going = true;
    let refused = false;
    try {
      while (this.#goal !== this.actions.place() && this.actions.wanted()) {
        const goal = this.#goal;
        const entered = await this.actions.enter(goal);
        if (entered) {
          this.actions.arrived(goal, refused);
          refused = false;
        } else if (this.#goal === goal) {
          refused = true;
          this.#goal = this.home();
        }
      }
    } finally {
      this.#going = false;
    }
  }
}
