/** Short notices that come and go by themselves. */

export interface Toast {
  readonly id: number;
  readonly kind: "info" | "joined" | "left" | "hand" | "message" | "error";
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

const SHOWN_AT_ONCE = 4;

export class Toasts {
  #list: readonly Toast[] = $state.raw([]);
  #next = 1;

  get list(): readonly Toast[] {
    return this.#list;
  }

  /** Shows a notice for some milliseconds; errors stay twice as long. */
  show(toast: Omit<Toast, "id">, milliseconds = toast.kind === "error" ? 10_000 : 5_000): void {
    const id = this.#next++;
    this.#list = [...this.#list, { ...toast, id }].slice(-SHOWN_AT_ONCE);
    setTimeout(() => this.dismiss(id), milliseconds);
  }

  dismiss(id: number): void {
    this.#list = this.#list.filter((toast) => toast.id !== id);
  }

  /** Takes away the notices of one kind, or all of them. */
  clear(kind?: Toast["kind"]): void {
    this.#list = kind === undefined ? [] : this.#list.filter((toast) => toast.kind !== kind);
  }
}
