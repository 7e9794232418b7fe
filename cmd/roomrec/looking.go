package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"roomrec/session"
	"roomrec/watch"
	"roomrec/watch/stills"
)

// lookAtCameras returns what has to run so that pictures, and sound that only a decoder can judge, are
// looked at now and then. It comes after the watchers were made. Without ffmpeg nothing runs and the
// rooms say so.
func (st *station) lookAtCameras() []stage {
	decoder, err := stills.New()
	if err != nil {
		st.log.Warn().Err(err).Msg("pictures cannot be looked at: install the package ffmpeg")
		st.blind = err
	} else {
		st.looker = watch.NewLooker(st.clock, decoder, st.setup.faults.Stills, nil)
	}
	for _, r := range st.rooms.all() {
		st.looking.add(r, st.lookAt(r))
	}
	if st.looker == nil {
		return nil
	}
	return []stage{{"look at cameras", st.looker.Run}}
}

// lookAt lets a room's cameras be looked at, after their watchers were made, and returns what has to run so
// that their references are kept.
func (st *station) lookAt(r *room) (all []stage) {
	for _, c := range r.cameras {
		switch {
		case c.watcher == nil:
			continue
		case st.looker == nil:
			if err := st.blind; err != nil {
				c.unjudged = func() error { return err }
			}
			continue
		}
		st.looker.Watch(c.watcher)
		c.unjudged = func() error { return st.looker.Problem(c.watcher) }
		ref := reference{file: filepath.Join(st.setup.stateDir, "references", c.room+"_"+c.setup.id+".png"), watcher: c.watcher}
		if err := ref.load(); err != nil {
			st.log.Error().Err(err).Str("room", c.room).Str("camera", c.setup.id).Msg("reference still")
		}
		all = append(all, stage{"reference " + c.room + "/" + c.setup.id, func(ctx context.Context) error {
			if err := ref.keep(ctx); err != nil && ctx.Err() == nil {
				st.log.Error().Err(err).Str("room", c.room).Str("camera", c.setup.id).Msg("reference still")
			}
			<-ctx.Done()
			return ctx.Err()
		}})
	}
	return all
}

// unjudgedText says on a page what cannot be told of a camera.
func unjudgedText(err error) *session.Text {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, stills.ErrAbsent):
		return &session.Text{
			En: "Whether the picture is black, covered or moved cannot be told here: ffmpeg is not installed.",
			Zh: "本机未安装 ffmpeg，无法判断画面是否黑屏、被遮挡或者偏移。",
		}
	}
	return &session.Text{
		En: "Whether the picture is black, covered or moved cannot be told now: it could not be decoded.",
		Zh: "画面未能解码，目前无法判断是否黑屏、被遮挡或者偏移。",
	}
}

// reference keeps what a camera's view is compared with over restarts: a small grey still. It is
// written once. Whoever has turned a camera on purpose moves the file away and restarts the program.
type reference struct {
	file    string
	watcher *watch.Watcher
}

// referenceEvery is how often it is looked at whether there is a reference to keep.
const referenceEvery = 5 * time.Second

func (r *reference) load() error {
	f, err := os.Open(r.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	img, err := png.Decode(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("%s: %w", r.file, err)
	}
	grey := image.NewGray(img.Bounds())
	draw.Draw(grey, grey.Rect, img, img.Bounds().Min, draw.Src)
	r.watcher.Refer(grey)
	return nil
}

// keep writes the reference when there is one, unless the file is there already.
func (r *reference) keep(ctx context.Context) error {
	var img *image.Gray
	wait, found := context.WithCancel(ctx)
	defer found()
	_ = every(wait, referenceEvery, func() {
		if img = r.watcher.Reference(); img != nil {
			found()
		}
	})
	if img == nil {
		return ctx.Err()
	}
	if err := os.MkdirAll(filepath.Dir(r.file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(r.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(png.Encode(f, img), f.Close())
}
