import { t } from '../i18n/t';
import { dismiss, toast } from '../state/toasts';
import { Icon } from '../ui/icon';

// It is there from the start, as screen readers read only what changes in it.
export const ToastBar = () => {
	const shown = toast.value;
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
