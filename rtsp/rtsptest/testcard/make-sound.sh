#!/bin/sh
# Makes speech.aac, the eight seconds of speech-like sound that the frontal camera repeats (375 frames
# of 1024 samples), and quiet.aac, two seconds of an empty room's noise, as AAC-LC in ADTS, 48 kHz
# mono. Needs ffmpeg. Run it in this folder; the results are committed, so that nobody needs to.
#
# The sound itself repeats after exactly eight seconds, and four rounds of it are coded, so that the
# coder has settled; testcard takes the second round. A pip of 1 kHz, 50 ms long, begins each second.
set -eu
t='mod(t,8)'
# Syllables: about four in a second, in three phrases with rests between them.
phrase="(between($t,0.4,2.3)+between($t,3.2,5.1)+between($t,5.8,7.5))"
syllable="pow(abs(sin(PI*$t*3.75)),1.5)*(0.6+0.4*sin(2*PI*$t*0.625))"
# A voice of some 130 Hz whose pitch moves and whose overtones come and go.
pitch="(130*$t+9/PI*(1-cos(2*PI*$t*0.5)))"
voice="0.5*sin(2*PI*$pitch)+(0.3+0.2*sin(2*PI*$t*1.25))*sin(4*PI*$pitch)+0.25*sin(6*PI*$pitch)+(0.2+0.15*sin(2*PI*$t*1.875))*sin(8*PI*$pitch)+0.12*sin(12*PI*$pitch)+0.08*sin(18*PI*$pitch)"
pip="0.25*sin(2*PI*1000*t)*lt(mod(t,1),0.05)*min(1,min(mod(t,1),abs(0.05-mod(t,1)))*400)"
floor="0.004*(random(0)-0.5)"
ffmpeg -v error -y -f lavfi \
	-i "aevalsrc=exprs='0.22*$phrase*$syllable*($voice)+$pip+$floor':s=48000:d=32" \
	-c:a aac -profile:a aac_low -b:a 48k -fflags +bitexact -flags:a +bitexact -f adts speech.aac.all
# ADTS has one frame after another; split -b cannot cut it, so ffmpeg does: packet n holds the
# samples from 1024*(n-1) on, and the second round therefore begins with packet 376.
ffmpeg -v error -y -i speech.aac.all -c copy -bsf:a "noise=drop='lt(n\,376)+gt(n\,750)'" -f adts speech.aac
rm speech.aac.all
ffmpeg -v error -y -f lavfi -i "aevalsrc=exprs='$floor':s=48000:d=3" \
	-c:a aac -profile:a aac_low -b:a 12k -fflags +bitexact -flags:a +bitexact -f adts quiet.aac.all
ffmpeg -v error -y -i quiet.aac.all -c copy -bsf:a "noise=drop='lt(n\,10)+gt(n\,103)'" -f adts quiet.aac
rm quiet.aac.all
