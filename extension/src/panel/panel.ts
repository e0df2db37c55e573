import type { ISessionContext } from '@jupyterlab/apputils';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { OutputAreaModel, SimplifiedOutputArea } from '@jupyterlab/outputarea';
import type { TranslationBundle } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';
import type { Message as LuminoMessage } from '@lumino/messaging';
import { Panel, Widget } from '@lumino/widgets';
import { ask } from '../kernel/ask';
import type { Defaults } from '../settings/defaults';
import { closeExpression, openCode } from './call';
import { Chooser } from './chooser';
import { KernelFunctions, type Loss } from './functions';
import { lossMessage, message } from './messages';

export interface WorkbenchOptions {
  readonly notebook: NotebookPanel;
  readonly defaults: () => Defaults;
  readonly chooseKernel: (context: ISessionContext) => Promise<unknown>;
  readonly trans: TranslationBundle;
}

/** The workbench of the functions in a notebook's kernel. */
export class WorkbenchPanel extends Panel {
  private readonly chooser: Chooser;
  private readonly functions: KernelFunctions;
  private readonly area: SimplifiedOutputArea;
  /** By which the kernel knows the workbench that is shown here. */
  private readonly key = UUID.uuid4();
  private opened = false;

  constructor(private readonly options: WorkbenchOptions) {
    super();
    this.addClass('qgrad-panel');
    const { notebook, trans } = options;
    this.functions = new KernelFunctions(notebook.sessionContext);
    this.chooser = new Chooser(trans, {
      open: (name, text) => void this.open(name, text),
      refresh: () => this.functions.refresh(),
      chooseKernel: () => void options.chooseKernel(notebook.sessionContext)
    });
    this.chooser.reset();
    this.addWidget(new Widget({ node: this.chooser.node }));
    this.area = new SimplifiedOutputArea({
      model: new OutputAreaModel({ trusted: true }),
      // It knows how to show the widgets of the notebook's kernel.
      rendermime: notebook.content.rendermime
    });
    this.area.addClass('qgrad-panel-output');
    this.addWidget(this.area);
    this.functions.changed.connect(() => this.draw());
    this.functions.lost.connect((_, loss) => this.onLost(loss));
    this.draw();
  }

  /** Ask the kernel again: there may be other functions. */
  refresh(): void {
    this.functions.refresh();
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    this.endWorkbench();
    this.functions.dispose();
    super.dispose();
  }

  protected override onActivateRequest(msg: LuminoMessage): void {
    super.onActivateRequest(msg);
    this.chooser.focus();
  }

  private draw(): void {
    if (this.isDisposed) {
      return;
    }
    const { trans, notebook } = this.options;
    const { state, isWaiting } = this.functions;
    const parts = [notebook.title.label, notebook.sessionContext.kernelDisplayName];
    if (state.kind === 'functions') {
      parts.push(`qgrad_lab ${state.version}`);
      this.chooser.show(state.functions);
    }
    this.chooser.describe(parts.join(' · '));
    this.chooser.tell(message(state, isWaiting, trans));
  }

  private onLost(loss: Loss): void {
    this.opened = false;
    this.area.model.clear();
    this.chooser.reset();
    this.chooser.say(lossMessage(loss, this.options.trans));
  }

  private async open(name: string, argumentsText: string): Promise<void> {
    const kernel = this.options.notebook.sessionContext.session?.kernel;
    if (!kernel) {
      this.functions.refresh();
      return;
    }
    const { trans } = this.options;
    const slow = setTimeout(() => {
      if (kernel.status === 'busy') {
        this.chooser.say(trans.__('Waiting for the kernel…'));
      }
    }, 500);
    this.opened = true;
    const future = kernel.requestExecute({
      code: openCode(this.key, name, argumentsText, this.options.defaults()),
      store_history: false,
      allow_stdin: false
    });
    this.area.future = future;
    try {
      await future.done;
      this.chooser.say(null);
    } catch {
      // The kernel was lost, of which its signals tell.
    } finally {
      clearTimeout(slow);
    }
  }

  /** Have the kernel end its thread and its widgets. */
  private endWorkbench(): void {
    const kernel = this.options.notebook.sessionContext.session?.kernel;
    if (this.opened && kernel && !kernel.isDisposed) {
      ask(kernel, { closed: closeExpression(this.key) }).catch((reason: unknown) =>
        console.warn('qgrad_lab: the workbench was not closed', reason)
      );
    }
  }
}
