// The characters that HTML has names for, as people write them in Markdown and as the desk escapes what it found.
const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#34': '"', '#39': "'" };

export const unescaped = (text: string): string => text.replace(/&(amp|lt|gt|quot|#34|#39);/g, (all, name: string) => named[name] ?? all);
