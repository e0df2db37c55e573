import type { ISessionContext } from '@jupyterlab/apputils';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import { ask, isPython } from '../kernel/ask';
import { listing, QUESTIONS, type Listing } from './listing';

/** What is known of the functions of a kernel. */
export type State =
  { readonly kind: 'starting' | 'asking' | 'no-kernel' | 'not-python' | 'dead' } | Listing;

/** Why everything that was known of a kernel is void. */
export type Loss = 'restarted' | 'changed' | 'gone';

/** The functions of a notebook's kernel, whichever it is, asked for when there may be others. */
export class KernelFunctions implements IDisposable {
  readonly changed = new Signal<this, void>(this);
  readonly lost = new Signal<this, Loss>(this);
  private current: State = { kind: 'starting' };
  private running = false;
  private again = false;
  /** Grows when a kernel is lost: answers of before are void. */
  private age = 0;
  private restarting = false;
  private had = false;
  isDisposed = false;

  constructor(private readonly context: ISessionContext) {
    context.kernelChanged.connect(this.onKernel, this);
    context.statusChanged.connect(this.onStatus, this);
    context.ready.then(
      () => this.refresh(),
      () => this.refresh()
    );
  }

  get state(): State {
    return this.current;
  }

  /** Whether a list is on its way, and the kernel is at work on something else. */
  get isWaiting(): boolean {
    return this.running && this.context.session?.kernel?.status === 'busy';
  }

  /** Ask the kernel; of several requests while one is answered, one is made. */
  refresh(): void {
    if (this.running) {
      this.again = true;
      return;
    }
    this.running = true;
    this.again = false;
    const { age } = this;
    this.answer()
      .then(
        found => age === this.age && this.set(found),
        // The kernel was lost before it could answer; what comes next is told by its signals.
        () => undefined
      )
      .finally(() => {
        this.running = false;
        this.changed.emit();
        if (this.again && !this.isDisposed) {
          this.refresh();
        }
      });
  }

  dispose(): void {
    this.isDisposed = true;
    Signal.clearData(this);
  }

  private async answer(): Promise<State> {
    const kernel = this.context.session?.kernel;
    if (!kernel) {
      return { kind: 'no-kernel' };
    }
    this.had = true;
    if (kernel.status === 'dead') {
      return { kind: 'dead' };
    }
    if (!(await isPython(kernel))) {
      return { kind: 'not-python' };
    }
    if (this.current.kind !== 'functions') {
      this.set({ kind: 'asking' });
    }
    return listing(await ask(kernel, QUESTIONS));
  }

  private set(state: State): void {
    if (!this.isDisposed) {
      this.current = state;
      this.changed.emit();
    }
  }

  private lose(loss: Loss): void {
    this.age += 1;
    this.set({ kind: loss === 'gone' ? 'no-kernel' : 'starting' });
    this.lost.emit(loss);
  }

  private readonly onKernel = (_: unknown, { newValue }: { newValue: unknown }): void => {
    if (this.had) {
      this.lose(newValue ? 'changed' : 'gone');
    }
    this.refresh();
  };

  private readonly onStatus = (_: unknown, status: string): void => {
    if (status === 'restarting' || status === 'autorestarting') {
      this.restarting = true;
      this.lose('restarted');
    } else if (status === 'dead') {
      this.set({ kind: 'dead' });
    } else if (this.restarting && (status === 'starting' || status === 'idle')) {
      this.restarting = false;
      this.refresh();
    } else {
      this.changed.emit();
    }
  };
}
