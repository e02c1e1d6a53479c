import { t } from '../i18n/t';
import { dialogs, dismiss, toast } from '../state/toasts';
import { Icon } from './icon';

// The page and each dialog have one from the start, as screen readers read only what changes in it. The topmost dialog
// shows the message: all below it is inert.
export const ToastBar = ({ of }: { of?: string }) => {
	const shown = dialogs.value.at(-1) === of ? toast.value : null;
	return (
		<div class={`toast${shown?.bad ? ' bad' : ''}`} role="status" aria-live="polite">
			{shown && <>
				<span>{shown.text}</span>
				{shown.undo && <button type="button" onClick={() => { shown.undo!(); dismiss(); }}>{t('toast.undo')}</button>}
				<button type="button" class="plain" aria-label={t('toast.dismiss')} onClick={dismiss}><Icon name="close" /></button>
			</>}
		</div>
	);
};
