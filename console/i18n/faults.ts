// The desk speaks English, and names bounds and values. In another language the kind of a fault is told.

import { isKey, language, t } from './t';

export const faultText = (code: string, message: string): string => {
	const key = `fault.${code}`;
	return language.value !== 'en' && isKey(key) ? t(key) : message;
};
