#!/usr/bin/env bash
# Bundle the console, and write what the gateway links: files.s has the bytes, as they are and compressed, files.c a row
# for each file (gateway/reply/console.h). The same sources give the same bytes.
#
# usage: cmake/console.sh ESBUILD CONSOLE PACKAGES FOLDER
#
# CONSOLE without main.tsx is a shell alone. The icon is the same.
set -euo pipefail
export LC_ALL=C	# the order of files is that of their bytes everywhere
esbuild=$1 console=$2 packages=$3 folder=$4
work=$folder/new
rm -rf "$work"
mkdir -p "$work/files"
picture=$(dirname "${BASH_SOURCE[0]}")/../console/icon.svg
icon=icon-$(sha256sum "$picture" | cut -c1-8).svg
cp "$picture" "$work/files/$icon"
script='' style='' preloads=''
# parts_of FILE: the files that it imports at once, and those that these import.
parts_of() {
	local found=() waiting=("$1") part
	while [ ${#waiting[@]} -gt 0 ]; do
		for part in $(grep -oP '(?:from|import)"\./\K[\w-]+\.js' "$work/files/${waiting[0]}"); do
			[[ " ${found[*]} " == *" $part "* ]] && continue
			found+=("$part")
			waiting+=("$part")
		done
		waiting=("${waiting[@]:1}")
	done
	printf '%s\n' "${found[@]}"
}
if [ -e "$console/main.tsx" ]; then
	(cd "$console" && NODE_PATH=$packages "$esbuild" main.tsx style.css --bundle --splitting --minify --format=esm \
	    --target=es2022 --jsx=automatic --jsx-import-source=preact --legal-comments=none --charset=utf8 --log-level=warning \
	    --outdir="$work/files" --entry-names='[name]-[hash]' --chunk-names='[name]-[hash]')
	script=$(basename "$work"/files/main-*.js)
	style=$(basename "$work"/files/style-*.css)
	for part in $(parts_of "$script"); do
		preloads+="<link rel=\"modulepreload\" href=\"@ROOT@console/$part\">\\n"
	done
	for package in "$packages"/*/package.json "$packages"/@*/*/package.json; do
		from=$(dirname "$package")
		printf '%s\n\n' "${from#"$packages"/}"
		cat "$from"/LICENSE*
		printf '\n\n'
	done >"$work/files/licenses.txt"
fi
sed -e "s|@ICON@|$icon|" -e "s|@SCRIPT@|$script|" -e "s|@STYLE@|$style|" -e "s|@PRELOADS@|$preloads|" "$console/index.html" >"$work/index.html"

type_of() {
	case $1 in
	*.js) echo 'text/javascript; charset=utf-8' ;;
	*.css) echo 'text/css; charset=utf-8' ;;
	*.svg) echo image/svg+xml ;;
	*.html) echo 'text/html; charset=utf-8' ;;
	*) echo 'text/plain; charset=utf-8' ;;
	esac
}
count=0
put() {
	gzip -9nc "$1" >"$work/$count.gz"
	cp "$1" "$work/$count.bytes"
	printf '\t.global console_%s, console_%s_gzip\nconsole_%s:\n\t.incbin "%s"\nconsole_%s_gzip:\n\t.incbin "%s"\n' \
	    $count $count $count "$folder/$count.bytes" $count "$folder/$count.gz" >>"$work/files.s"
	printf 'extern const char console_%s[], console_%s_gzip[];\n' $count $count >>"$work/names"
	printf '\t{ "%s", "%s", { .etag = "\\"%s\\"",\n\t    .bytes = { console_%s, %s }, .gzip = { console_%s_gzip, %s } } },\n' "$(basename "$1")" \
	    "$(type_of "$1")" "$(sha256sum "$1" | cut -c1-32)" $count "$(stat -c %s "$1")" $count "$(stat -c %s "$work/$count.gz")" >>"$work/rows"
	count=$((count + 1))
}
printf '\t.section .rodata\n' >"$work/files.s"
put "$work/index.html"
for file in "$work"/files/*; do
	put "$file"
done
printf '\t.section .note.GNU-stack,"",%%progbits\n' >>"$work/files.s"
{
	printf '#include "gateway/reply/console.h"\n\n'
	cat "$work/names"
	printf '\nconst struct console_file console_files[] = {\n'
	cat "$work/rows"
	printf '};\nconst size_t console_file_count = sizeof(console_files) / sizeof(console_files[0]);\n'
} >"$work/files.c"
mv "$work"/*.bytes "$work"/*.gz "$folder"
rm -rf "$folder/files"
mv "$work/files" "$folder/files"
mv "$work/index.html" "$work/files.c" "$work/files.s" "$folder"
rm -rf "$work"
